import type { Network } from "@warmstart/init-core";

/** Whether tfjs has no gradient of the network: dilated convolutions, batch normalization without scale or center. */
export function needsOtherGradients({ parameters, sites }: Network): boolean {
  const roles = (layer: string) => parameters.filter((parameter) => parameter.layer === layer).map(({ role }) => role);
  return sites.some(({ windows }) => windows?.dilations?.some((rate) => rate > 1)) || parameters.some(({ role, layer }) => role === "statistic" && !(roles(layer).includes("scale") && roles(layer).includes("shift")));
}
