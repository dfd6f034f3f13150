"""S4D as it is written in torch: complex Vandermonde product for the kernel, rfft convolution padded to 2L, skip, autograd. Needs torch.

--work train    kernel and convolution, forward and backward
--work kernel   kernel alone, no gradients
--work step     the recurrence, one pass over --length steps of one sequence, no gradients
"""
import math

from timing import arguments, report, require

(torch,) = require("torch")


def parameters(width, state):
    half = state // 2
    generator = torch.Generator().manual_seed(1)
    log_dt = torch.rand(width, generator=generator) * (math.log(0.1) - math.log(0.001)) + math.log(0.001)
    log_a_real = torch.full((width, half), math.log(0.5))
    a_imag = math.pi * torch.arange(half, dtype=torch.float32).repeat(width, 1)
    c = torch.randn(width, half, 2, generator=generator) * math.sqrt(0.5)
    d = torch.randn(width, generator=generator)
    return [p.requires_grad_(True) for p in (log_dt, log_a_real, a_imag, c, d)]


def kernel(log_dt, log_a_real, a_imag, c, length):
    a = torch.complex(-torch.exp(log_a_real), a_imag)
    dt_a = a * torch.exp(log_dt).unsqueeze(-1)
    scaled = torch.view_as_complex(c) * (torch.exp(dt_a) - 1) / a
    powers = torch.exp(dt_a.unsqueeze(-1) * torch.arange(length))
    return 2 * torch.einsum("hn,hnl->hl", scaled, powers).real


def convolve(u, k, d):
    length = u.shape[-1]
    product = torch.fft.rfft(u, n=2 * length) * torch.fft.rfft(k, n=2 * length)
    return torch.fft.irfft(product, n=2 * length)[..., :length] + u * d.unsqueeze(-1)


def train(u, params):
    log_dt, log_a_real, a_imag, c, d = params
    y = convolve(u, kernel(log_dt, log_a_real, a_imag, c, u.shape[-1]), d)
    (y * y).mean().backward()
    for p in params:
        p.grad = None


@torch.no_grad()
def kernel_alone(u, params):
    kernel(*params[:4], args.length)


@torch.no_grad()
def step(u, params):
    log_dt, log_a_real, a_imag, c, d = params
    a = torch.complex(-torch.exp(log_a_real), a_imag)
    a_bar = torch.exp(a * torch.exp(log_dt).unsqueeze(-1))
    b_bar = (a_bar - 1) / a
    weights = torch.view_as_complex(c)
    x = torch.zeros(u.shape[0], *a.shape, dtype=a.dtype)
    for t in range(u.shape[-1]):
        x = a_bar * x + b_bar * u[:, :, t].unsqueeze(-1)
        2 * (weights * x).sum(-1).real + d * u[:, :, t]


works = {"train": train, "kernel": kernel_alone, "step": step}
args = arguments(work="train", width=256, state=64, length=4096, batch=8)
torch.set_num_threads(args.threads)
given = (torch.randn(args.batch, args.width, args.length if args.work != "kernel" else 1, generator=torch.Generator().manual_seed(2)), parameters(args.width, args.state))
report("torch", f"{args.work}: H={args.width} N={args.state} L={args.length} batch={args.batch}, torch {torch.__version__}", lambda _: works[args.work](*given), lambda: None, args)
