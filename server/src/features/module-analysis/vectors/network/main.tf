locals {
  len_private_subnets = max(length(var.private_subnets))

  create = var.create && length(var.private_subnets) > 0
}

resource "aws_vpc" "this" {
  count = local.create ? 1 : 0

  cidr_block = var.cidr
  tags       = merge({ "Name" = var.name }, var.tags)
}

resource "aws_subnet" "private" {
  count = local.create ? local.len_private_subnets : 0

  vpc_id     = aws_vpc.this[0].id
  cidr_block = element(concat(var.private_subnets, [""]), count.index)

  dynamic "timeouts" {
    for_each = []
    content {
      create = timeouts.value
    }
  }

  lifecycle {
    ignore_changes = [tags["kubernetes.io/role"]]
  }
}

data "aws_availability_zones" "available" {
  state = "available"
}

data "aws_iam_policy_document" "assume" {
  count = 1

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }
  }
}

moved {
  from = aws_subnet.internal
  to   = aws_subnet.private
}
