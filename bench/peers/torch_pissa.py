"""PiSSA of one weight in torch: factors and residual, by the full SVD or by svd_lowrank as PEFT's pissa_niter_16. Needs torch."""
from timing import arguments, report, require

(torch,) = require("torch")


def run(weight, args):
    if args.method == "svd":
        u, s, vt = torch.linalg.svd(weight, full_matrices=False)
        u, s, vt = u[:, : args.rank], s[: args.rank], vt[: args.rank]
    else:
        u, s, v = torch.svd_lowrank(weight, q=args.rank, niter=16)
        vt = v.T
    root = torch.sqrt(s)
    up, down = u * root, root[:, None] * vt
    return up, down, weight - up @ down


def prepare(args):
    torch.manual_seed(0)
    return torch.randn(args.rows, args.columns) / args.columns**0.5


args = arguments(method="svd", rows=2048, columns=2048, rank=32)
torch.set_num_threads(args.threads)
report(f"torch {args.method}", f"PiSSA of {args.rows}x{args.columns}, rank {args.rank}, torch {torch.__version__}", lambda weight: run(weight, args), lambda: prepare(args), args)
