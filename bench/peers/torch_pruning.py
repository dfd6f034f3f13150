"""SNIP, GraSP or SynFlow masks of an untrained ResNet-20 with 1 x 1 projections. Needs torch."""
import functools

from timing import arguments, report, require

(torch,) = require("torch")
nn, functional = torch.nn, torch.nn.functional
density, rounds, temperature = 0.1, 100, 200


class Block(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Identity() if before == width else nn.Conv2d(before, width, 1, stride, bias=False)

    def forward(self, x):
        y = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [16] * 3 + [32] * 3 + [64] * 3
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.blocks = nn.Sequential(*(Block(before, width, 1 if before == width else 2) for before, width in zip([16] + widths, widths)))
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


def kernels_of(model):
    return [module.weight for module in model.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]


def best(scores, keep, alive=None):
    flat = torch.cat([score.flatten() for score in scores])
    if alive is not None:
        flat = flat.masked_fill(torch.cat([mask.flatten() for mask in alive]) == 0, -torch.inf)
    mask = torch.zeros_like(flat)
    mask[torch.topk(flat, keep).indices] = 1
    return [part.view_as(score) for part, score in zip(mask.split([score.numel() for score in scores]), scores)]


def snip(model, x, y):
    model.eval()
    kernels = kernels_of(model)
    gradients = torch.autograd.grad(functional.cross_entropy(model(x), y), kernels)
    return best([(kernel * gradient).abs().detach() for kernel, gradient in zip(kernels, gradients)], count(kernels))


def grasp(model, x, y):
    model.train()
    kernels = kernels_of(model)
    gradients = torch.autograd.grad(functional.cross_entropy(model(x) / temperature, y), kernels, create_graph=True)
    products = torch.autograd.grad(sum((gradient.detach() * gradient).sum() for gradient in gradients), kernels)
    return best([(kernel * product).detach() for kernel, product in zip(kernels, products)], count(kernels))


def synflow(model, x, y):
    model.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    kernels = kernels_of(model)
    with torch.no_grad():
        for value in model.state_dict().values():
            value.abs_()
    whole = [kernel.detach().clone() for kernel in kernels]
    masks = [torch.ones_like(kernel) for kernel in kernels]
    ones = torch.ones(1, 3, 32, 32)
    for k in range(1, rounds + 1):
        gradients = torch.autograd.grad(model(ones).sum(), kernels)
        masks = best([(kernel * gradient).detach() for kernel, gradient in zip(kernels, gradients)], count(kernels, density ** (k / rounds)), masks)
        with torch.no_grad():
            for kernel, values, mask in zip(kernels, whole, masks):
                kernel.copy_(values * mask)
    model.load_state_dict(before)
    return masks


def count(kernels, share=density):
    return max(1, round(share * sum(kernel.numel() for kernel in kernels)))


@functools.cache
def material():
    torch.manual_seed(0)
    model = ResNet20()
    for kernel in kernels_of(model):
        nn.init.kaiming_normal_(kernel)
    return model, torch.randn(128, 3, 32, 32), torch.randint(10, (128,))


args = arguments(method="snip")
torch.set_num_threads(args.threads)
method = {"snip": snip, "grasp": grasp, "synflow": synflow}[args.method]
report(args.method, f"{args.method} masks of ResNet-20 at density {density}, torch {torch.__version__}", lambda given: method(*given), material, args)
