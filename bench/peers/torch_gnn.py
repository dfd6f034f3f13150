"""Graph networks in torch_geometric and in plain torch, and Virgo's variances as a torch user would compute them. Needs torch and torch_geometric.

--work gcn      GCNConv layers with cached normalisation, cross-entropy, forward and backward
--work gcn-csr  the same with a normalised torch.sparse CSR matrix
--work gat      GATConv layers of four heads, the last of one, cross-entropy, forward and backward
--work virgo    harmonic Virgo variances: gcn_norm once, 2L products with one column
"""
import sys

from timing import arguments, report, require

torch, torch_geometric = require("torch", "torch_geometric")
from torch.nn import functional  # noqa: E402
from torch_geometric.nn import GATConv, GCNConv  # noqa: E402
from torch_geometric.nn.conv.gcn_conv import gcn_norm  # noqa: E402

args = arguments(work="gcn", nodes=20_000, edges=200_000, width=128, layers=3, classes=16)
if args.threads > 0:
    torch.set_num_threads(args.threads)


def power_law_graph(nodes, edges):
    """Both directions of edges // 2 pairs, one end of each by the root of its rank, the other even; no self-loops."""
    generator = torch.Generator().manual_seed(0)
    hub = (torch.rand(edges // 2, generator=generator, dtype=torch.float64).square() * nodes).long()
    hub = torch.randperm(nodes, generator=generator)[hub]
    other = torch.randint(nodes, hub.shape, generator=generator)
    other = torch.where(other == hub, (other + 1) % nodes, other)
    pairs = torch.stack([hub, other])
    return torch.cat([pairs, pairs.flip(0)], dim=1)


def statistics_of(index, coefficient, column, depth, transpose):
    source, target = (index[1], index[0]) if transpose else (index[0], index[1])
    out = []
    for _ in range(depth):
        column = torch.zeros_like(column).index_add_(0, target, coefficient * column[source])
        out.append(float((column * column).sum()))
    return out


def virgo(index, features, dims, classes):
    nodes, depth = features.shape[0], len(dims) - 1
    index, coefficient = gcn_norm(index, None, nodes, dtype=torch.float64)
    f = statistics_of(index, coefficient, features.mean(1).double(), depth, False)
    g = statistics_of(index, coefficient, torch.ones(nodes, dtype=torch.float64), depth, True)
    forward = [2 / dims[0]] + [2 / dims[l] * f[l - 1] / f[l] for l in range(1, depth)]
    backward = [2 / dims[l + 1] * g[depth - l - 2] / g[depth - l - 1] for l in range(depth - 1)]
    backward.append(nodes / ((classes - 1) * g[0]))
    return [2 / (1 / a + 1 / b) for a, b in zip(forward, backward)]


edge_index = power_law_graph(args.nodes, args.edges)
inputs = 8 if args.work == "virgo" else args.width
dims = [inputs] + [args.width] * (args.layers - 1) + [args.classes]
features = torch.rand(args.nodes, inputs, generator=torch.Generator().manual_seed(1))
labels = torch.randint(args.classes, (args.nodes,), generator=torch.Generator().manual_seed(2))


def network():
    """The layers, and what they multiply by."""
    if args.work == "gat":
        hidden = [GATConv(args.width, args.width // 4, heads=4) for _ in range(args.layers - 1)]
        return torch.nn.ModuleList([*hidden, GATConv(args.width, args.classes, heads=1)]), edge_index
    cached = args.work == "gcn"
    layers = torch.nn.ModuleList(GCNConv(dims[l], dims[l + 1], cached=cached, normalize=cached) for l in range(args.layers))
    if cached:
        return layers, edge_index
    index, coefficient = gcn_norm(edge_index, None, args.nodes)
    matrix = torch.sparse_coo_tensor(index.flip(0), coefficient, (args.nodes, args.nodes)).coalesce().to_sparse_csr()
    return layers, matrix


def train(given):
    layers, adjacency = given
    h = features
    for l, layer in enumerate(layers):
        h = layer(h, adjacency)
        if l + 1 < args.layers:
            h = h.relu()
    functional.cross_entropy(h, labels).backward()
    layers.zero_grad(set_to_none=True)


if args.work == "virgo":
    report("torch", f"virgo {args.nodes} nodes {args.edges} edges", lambda _: virgo(edge_index, features, dims, args.classes), lambda: None, args)
elif args.work in ("gcn", "gcn-csr", "gat"):
    made = network()
    report("torch", f"{args.work} {args.nodes} nodes {args.edges} edges dims {dims}", train, lambda: made, args)
else:
    sys.exit(f"unknown work {args.work}")
