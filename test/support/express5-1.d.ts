declare module "express5-1" {
  import express from "express";
  export default express;
}
