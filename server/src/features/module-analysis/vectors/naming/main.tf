terraform {
  required_version = ">= 0.12.0"
  required_providers {
    random = "~> 3.3"
  }
}

resource "random_string" "main" {
  length  = 60
  special = false
  upper   = false
  numeric = var.unique-include-numbers
}

locals {
  prefix      = join("-", var.prefix)
  random_safe = random_string.main.result
  az = {
    analysis_services_server = {
      name        = substr(join("", compact([local.prefix, "as"])), 0, 63)
      min_length  = 3
      scope       = "resourceGroup"
      regex       = "^[a-z][a-z0-9]{2,62}$"
      unique_name = "${local.prefix}${local.random_safe}"
    }
  }
}
