import { body, validationResult } from "express-validator";

/** The rules of the order schema as express-validator chains, and the refusal its guide shows. */
export const orderChains = [
  body("id").matches(/^order-[0-9]{6}$/),
  body("sku").isString().isLength({ min: 3, max: 20 }),
  body("quantity").isInt({ min: 1, max: 100 }),
  body("currency").isIn(["EUR", "USD"]),
  body("note").optional().isString().isLength({ max: 200 }),
  (req, res, next) => {
    const result = validationResult(req);
    if (result.isEmpty()) return next();
    res.status(400).json({ errors: result.array() });
  },
];
