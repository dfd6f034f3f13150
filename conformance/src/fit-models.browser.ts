// The page of fit-models.once.test.ts.
import { fitModels } from "./fit-models.js";

Object.assign(globalThis, { fitModels });
