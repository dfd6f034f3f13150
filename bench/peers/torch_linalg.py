"""One decomposition or initializer in torch. Needs torch."""
from timing import arguments, report, require

(torch,) = require("torch")

methods = {
    "svd": lambda a, rank: torch.linalg.svd(a, full_matrices=False),
    "svd_lowrank": lambda a, rank: torch.svd_lowrank(a, q=rank + 8, niter=4),
    "qr": lambda a, rank: torch.linalg.qr(a),
    "orthogonal_": lambda a, rank: torch.nn.init.orthogonal_(a),
}


def prepare(args):
    """A matrix whose singular values fall like i^-1/2, up to the randomness of its factors."""
    torch.manual_seed(0)
    short = min(args.rows, args.columns)
    spectrum = torch.arange(1, short + 1) ** -0.5
    return (torch.randn(args.rows, short) * spectrum) @ torch.randn(short, args.columns) / (args.rows * args.columns) ** 0.5


args = arguments(method="svd", rows=768, columns=3072, rank=32)
torch.set_num_threads(args.threads)
report(f"torch {args.method}", f"{args.method} of {args.rows}x{args.columns}, torch {torch.__version__}", lambda a: methods[args.method](a, args.rank), lambda: prepare(args), args)
