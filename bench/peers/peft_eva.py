"""EVA by PEFT on residual Linear+GELU layers, a fixed number of batches, forward passes included. Needs torch and peft."""
import warnings

from timing import arguments, report, require

warnings.filterwarnings("ignore")
torch, peft = require("torch", "peft")
eva = require("peft.tuners.lora.eva")[0]
config = require("peft.tuners.lora.config")[0]


class Residual(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = torch.nn.Linear(width, width)

    def forward(self, x):
        return x + torch.nn.functional.gelu(self.fc(x))


def prepare(args):
    torch.manual_seed(0)
    model = torch.nn.Sequential(*(Residual(args.width) for _ in range(args.layers)))
    spectrum = torch.arange(1, args.width + 1) ** -0.5
    mix = torch.randn(args.width, args.width) / args.width**0.5 * spectrum[:, None]
    return model, [torch.randn(args.batch, args.tokens, args.width) @ mix for _ in range(args.batches)]


def run(given, args):
    model, data = given
    forwards = 0

    def forward(adapted, x):
        # PEFT stops by convergence alone, so after the last batch all similarities are made to suffice.
        nonlocal forwards
        forwards += 1
        if forwards > args.batches:  # the first forward pass only finds out which layers share their input
            for module in adapted.modules():
                for hook in module._forward_hooks.values():
                    if isinstance(hook, eva.SVDHook):
                        hook.sim_thresh = -2.0
        return adapted(x)

    adapters = peft.LoraConfig(r=args.rank, lora_alpha=args.rank, target_modules=["fc"], init_lora_weights="eva", eva_config=config.EvaConfig(rho=2.0, tau=1.0))
    adapted = peft.get_peft_model(model, adapters)
    eva.initialize_lora_eva_weights(adapted, data, forward_fn=forward, prepare_model_inputs_fn=None, prepare_layer_inputs_fn=None, show_progress_bar=False)


args = arguments(width=768, layers=6, rank=16, batches=20, batch=16, tokens=64)
torch.set_num_threads(args.threads)
report("peft eva", f"PEFT {peft.__version__} EVA, {args.layers} layers of {args.width}, {args.batches} batches of {args.batch}x{args.tokens} tokens, rank {args.rank}, rho 2", lambda given: run(given, args), lambda: prepare(args), args)
