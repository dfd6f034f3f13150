"""Cases of operations for which Virgo's reference numbers have none: GATv2, graph normalization, global pooling.

torch_geometric in float64; inputs are rounded to four decimals before anything is computed with them.
    python pyg_cases.py        # writes gatv2-*.json, graph-norm-*.json, global-pool-*.json beside itself
"""
import json
from pathlib import Path

import torch
import torch_geometric
from torch_geometric.nn import GATv2Conv, GraphNorm, global_add_pool, global_max_pool, global_mean_pool

torch.set_default_dtype(torch.float64)
SOURCE = f"torch_geometric {torch_geometric.__version__}, torch {torch.__version__.split('+')[0]}, float64"
LAYOUT = "torch: weight [out, in]; edges: src[e] -> dst[e], message flows from src to dst; x [nodes, features]; gradients are of sum(gradY * y)"


def tensor(value, dtype="float32"):
    flat = value.detach().reshape(-1).tolist()
    return {"shape": list(value.shape), "dtype": dtype, "data": flat}


def draw(generator, *shape):
    return (torch.randn(*shape, generator=generator) * 1e4).round() / 1e4


def write(name, operation, note, options, inputs, expected, layout=LAYOUT):
    case = {
        "operation": operation,
        "source": SOURCE,
        "note": note,
        "layout": layout,
        "options": options,
        "inputs": inputs,
        "expected": expected,
        "compare": {key: "close" for key in expected},
        "tolerance": {"absolute": 1e-5, "relative": 1e-4},
    }
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in case.items())
    Path(__file__).with_name(f"{name}.json").write_text(f"{{\n{lines}\n}}\n")


def edges(*pairs):
    return torch.tensor(pairs).t()


def gatv2(name, note, seed, nodes, edge_index, heads, concat, slope, loops, share, bias):
    g = torch.Generator().manual_seed(seed)
    layer = GATv2Conv(3, 4, heads=heads, concat=concat, negative_slope=slope, add_self_loops=loops, share_weights=share, bias=bias)
    names = {"lin_l.weight": "weightL", "lin_l.bias": "biasL", "lin_r.weight": "weightR", "lin_r.bias": "biasR", "att": "att", "bias": "bias"}
    parameters = {names[key]: value for key, value in layer.named_parameters()}
    with torch.no_grad():
        for value in parameters.values():
            value.copy_(draw(g, *value.shape) / 2)
    x = draw(g, nodes, 3).requires_grad_()
    y, (index, alpha) = layer(x, edge_index, return_attention_weights=True)
    grad_y = draw(g, *y.shape)
    (grad_y * y).sum().backward()
    attention = torch.zeros(heads, nodes, nodes)
    for e in range(index.shape[1]):
        attention[:, index[1, e], index[0, e]] += alpha[e].detach()
    inputs = {"src": tensor(edge_index[0], "int32"), "dst": tensor(edge_index[1], "int32"), "x": tensor(x), **{k: tensor(v) for k, v in parameters.items()}, "gradY": tensor(grad_y)}
    gradients = {f"grad{k[0].upper()}{k[1:]}": tensor(v.grad) for k, v in {"x": x, **parameters}.items()}
    options = {"numNodes": nodes, "inFeatures": 3, "outFeatures": 4, "bias": bias, "heads": heads, "concat": concat, "negativeSlope": slope, "addSelfLoops": loops, "shareWeights": share}
    write(name, "gnn/gatv2-forward", note, options, inputs, {"y": tensor(y), "attention": tensor(attention), **gradients}, LAYOUT + "; attention[h, i, j] is the weight of source j at destination i")


ring = edges((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0), (1, 0), (2, 1), (3, 2), (4, 3), (5, 4), (0, 5), (0, 3), (3, 0))
gatv2("gatv2-1head", "One head, a directed graph with a self-loop, which is replaced, a pair of equal edges and an isolated node.", 1, 7, edges((0, 1), (0, 2), (1, 2), (1, 2), (2, 3), (3, 0), (4, 4), (4, 5)), 1, True, 0.2, True, False, True)
gatv2("gatv2-heads-concat", "Three heads side by side, no biases.", 2, 6, ring, 3, True, 0.2, True, False, False)
gatv2("gatv2-heads-mean", "Two heads averaged, another slope, no self-loops: node 6 has no neighbours.", 3, 7, ring, 2, False, 0.05, False, False, True)
gatv2("gatv2-shared", "One kernel for both ends.", 4, 6, ring, 2, True, 0.2, True, True, True)


def graph_norm(name, note, seed, batch, features):
    g = torch.Generator().manual_seed(seed)
    layer = GraphNorm(features)
    with torch.no_grad():
        for value in layer.parameters():
            value.copy_(draw(g, *value.shape) / 2)
    nodes = batch.numel()
    x = draw(g, nodes, features).requires_grad_()
    y = layer(x, batch)
    grad_y = draw(g, *y.shape)
    (grad_y * y).sum().backward()
    parameters = {"weight": layer.weight, "bias": layer.bias, "meanScale": layer.mean_scale}
    inputs = {"batch": tensor(batch, "int32"), "x": tensor(x), **{k: tensor(v) for k, v in parameters.items()}, "gradY": tensor(grad_y)}
    gradients = {f"grad{k[0].upper()}{k[1:]}": tensor(v.grad) for k, v in {"x": x, **parameters}.items()}
    write(name, "gnn/graph-norm", note, {"numNodes": nodes, "features": features, "eps": layer.eps}, inputs, {"y": tensor(y), **gradients})


graph_norm("graph-norm-batch", "Three graphs of 4, 1 and 5 nodes: of the one alone, variance is what the mean leaves.", 5, torch.tensor([0, 0, 0, 0, 1, 2, 2, 2, 2, 2]), 3)
graph_norm("graph-norm-single", "One graph.", 6, torch.zeros(8, dtype=torch.long), 4)


def pool(pooling, function, seed, batch, graphs):
    g = torch.Generator().manual_seed(seed)
    x = draw(g, batch.numel(), 3)
    x[1] = x[0]  # equal nodes share the gradient of their maximum
    x.requires_grad_()
    y = function(x, batch, size=graphs)
    grad_y = draw(g, *y.shape)
    (grad_y * y).sum().backward()
    inputs = {"batch": tensor(batch, "int32"), "x": tensor(x), "gradY": tensor(grad_y)}
    write(f"global-pool-{pooling}", "gnn/global-pool", "Graphs of 4, 0, 3 and 2 nodes; the second has none, the first two nodes are equal.", {"numNodes": batch.numel(), "numGraphs": graphs, "pooling": pooling}, inputs, {"y": tensor(y), "gradX": tensor(x.grad)})


for pooling, function in {"mean": global_mean_pool, "sum": global_add_pool, "max": global_max_pool}.items():
    pool(pooling, function, 7, torch.tensor([0, 0, 0, 0, 2, 2, 2, 3, 3]), 4)
