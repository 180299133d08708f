provider "aws" {
  region = "eu-west-1"
}

module "network" {
  source = "../../"

  cidr = "10.0.0.0/16"
}

module "endpoints" {
  source  = "registry.example/acme/network/aws//modules/vpc-endpoints"
  version = "~> 1.0"

  vpc_id = module.network.vpc_id
}
