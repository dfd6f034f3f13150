"""LoRA-SB's factors from one gradient in torch, by the full SVD or by svd_lowrank as the authors call it. Needs torch."""
from timing import arguments, report, require

(torch,) = require("torch")


def run(gradient, args):
    update = -args.rate * torch.sign(gradient)
    if args.method == "svd":
        u, s, vt = torch.linalg.svd(update, full_matrices=False)
        return u[:, : args.rank], torch.diag(s[: args.rank]), vt[: args.rank]
    u, s, v = torch.svd_lowrank(update, q=args.rank, niter=10)
    return u, torch.diag(s), v.T


def prepare(args):
    torch.manual_seed(0)
    signal = torch.randn(args.rows, 8) @ torch.randn(8, args.columns)
    return signal + 2 * torch.randn(args.rows, args.columns)


args = arguments(method="svd", rows=768, columns=3072, rank=64, rate=1e-4)
torch.set_num_threads(args.threads)
report(f"torch {args.method}", f"LoRA-SB start from a gradient of {args.rows}x{args.columns}, rank {args.rank}, torch {torch.__version__}", lambda gradient: run(gradient, args), lambda: prepare(args), args)
