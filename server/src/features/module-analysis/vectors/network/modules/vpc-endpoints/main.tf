variable "vpc_id" {
  description = "The ID of the VPC in which the endpoint will be used"
  type        = string
  default     = null
}

variable "endpoints" {
  description = "A map of interface and/or gateway endpoints with their properties"
  type        = any
  default     = {}
}

resource "aws_vpc_endpoint" "this" {
  for_each = var.endpoints

  vpc_id       = var.vpc_id
  service_name = each.value.service
}

output "endpoints" {
  description = "Full resource objects of all endpoints"
  value       = aws_vpc_endpoint.this
}
