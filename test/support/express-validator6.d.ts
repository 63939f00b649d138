declare module "express-validator6" {
  export * from "express-validator";
}
