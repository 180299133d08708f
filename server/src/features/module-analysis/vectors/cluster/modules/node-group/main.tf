variable "name" {}

resource "aws_eks_node_group" "this" {
  cluster_name = var.name
}
