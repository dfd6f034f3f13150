// Every operation that somebody implements, with its runner.
import { gnnRunners } from "./gnn.js";
import { layerLotteryRunners } from "./layer-lottery.js";
import { loraRunners } from "./lora.js";
import { precroppingRunners } from "./precropping.js";
import { pruningRunners } from "./pruning.js";
import type { Runner } from "./runner.js";
import { s4dRunners } from "./s4d.js";
import { sgdSaiRunners } from "./sgd-sai.js";
import { virgoRunners } from "./virgo.js";

/** By operation, "family/verb". A case of an operation that is not here fails. */
export const runners: Readonly<Partial<Record<string, Runner>>> = { ...gnnRunners, ...layerLotteryRunners, ...loraRunners, ...precroppingRunners, ...pruningRunners, ...s4dRunners, ...sgdSaiRunners, ...virgoRunners };
