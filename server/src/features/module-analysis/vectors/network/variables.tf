variable "create" {
  description = "Controls if the network should be created (it affects almost all resources)"
  type        = bool
  default     = true
}

variable "name" {
  description = "Name to be used on all the resources as identifier"
  type        = string
  default     = ""
}

################################################################################
# Addresses
################################################################################

variable "cidr" {
  description = "The IPv4 CIDR block. It can be explicitly set or derived from a pool"
  type        = string

  validation {
    condition     = can(cidrhost(var.cidr, 0))
    error_message = "The cidr must be an IPv4 CIDR block, such as 10.0.0.0/16."
  }

  validation {
    condition     = tonumber(split("/", var.cidr)[1]) <= 24
    error_message = "The cidr ${var.cidr} is too small."
  }
}

variable "private_subnets" {
  description = "A list of private subnets inside the network"
  type        = list(string)
  default     = []
}

variable "default_network_acl_ingress" {
  description = "List of maps of ingress rules to set on the default network ACL"
  type        = list(map(string))
  default = [
    {
      rule_no    = 100
      action     = "allow"
      from_port  = 0
      protocol   = "-1"
      cidr_block = "0.0.0.0/0"
    },
  ]
}

variable "flow_log_cloudwatch_iam_role_conditions" {
  description = <<-EOT
    Additional conditions of the role.

    They are written as in `aws:SourceArn = "$${arn}"`.
  EOT
  type = list(object({
    test     = string
    variable = string
    values   = list(string)
  }))
  default = []
}

variable "tags" {
  description = "A map of tags to add to all resources"
  type        = map(string)
  default     = {}
  nullable    = false
}
