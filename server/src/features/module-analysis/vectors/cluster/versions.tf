terraform {
  required_version = ">= 1.5.7"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
    time = {
      source  = "hashicorp/time"
      version = ">= 0.9"
    }
    kubectl = {
      source                = "gavinbunney/kubectl"
      version               = "~> 1.14"
      configuration_aliases = [kubectl.admin, kubectl.reader]
    }
  }
}
