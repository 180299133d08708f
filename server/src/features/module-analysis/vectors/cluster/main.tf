data "aws_partition" "current" {
  count = var.create ? 1 : 0
}

resource "aws_eks_cluster" "this" {
  count = var.create ? 1 : 0
  name  = var.name

  vpc_config {
    subnet_ids = coalescelist(var.control_plane_subnet_ids, var.subnet_ids)
  }
}

resource "time_sleep" "this" {
  count           = var.create ? 1 : 0
  create_duration = var.dataplane_wait_duration
}

ephemeral "random_password" "admin" {
  length = 20
}

module "kms" {
  source  = "terraform-aws-modules/kms/aws"
  version = "4.0.0"

  create = var.create
}

module "eks_managed_node_group" {
  source = "./modules/node-group"

  for_each = { for k, v in var.node_groups : k => v if var.create }

  name = each.key
}
