"""One update of all tensors of ViT-B/16 or GPT-2 small by the authors' SGD-SaI. Needs torch and sgd-sai."""
import contextlib
import functools
import io

from timing import arguments, report, require

torch, sgd_sai = require("torch", "sgd_sai")


def block(d):
    return [[d], [d], [3 * d, d], [3 * d], [d, d], [d], [d], [d], [4 * d, d], [4 * d], [d, 4 * d], [d]]


shapes = {
    "vit-b16": [[1, 1, 768], [1, 197, 768], [768, 3, 16, 16], [768]] + block(768) * 12 + [[768], [768], [1000, 768], [1000]],
    "gpt2-small": [[50257, 768], [1024, 768]] + block(768) * 12 + [[768], [768]],
}


@functools.cache
def optimizer(model):
    torch.manual_seed(0)
    parameters = [torch.nn.Parameter(0.02 * torch.rand(shape)) for shape in shapes[model]]
    for parameter in parameters:
        parameter.grad = 1e-3 * torch.rand_like(parameter)
    return sgd_sai.SGD_sai(parameters, lr=1e-3, momentum=0.9, weight_decay=5e-2)


def run(chosen):
    with contextlib.redirect_stdout(io.StringIO()):  # it prints a banner
        chosen.step()


args = arguments(model="vit-b16", warmup=3)
torch.set_num_threads(args.threads)
report("sgd-sai", f"SGD_sai.step on {args.model}, torch {torch.__version__}", run, lambda: optimizer(args.model), args)
