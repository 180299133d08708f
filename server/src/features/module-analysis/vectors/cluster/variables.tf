variable "create" {
  type    = bool
  default = true
}

variable "name" {
  type = string
}

variable "subnet_ids" {
  type    = list(string)
  default = []
}

variable "control_plane_subnet_ids" {
  type    = list(string)
  default = []
}

variable "dataplane_wait_duration" {
  type    = string
  default = "30s"
}

variable "node_groups" {
  description = "Map of node group definitions to create"
  type = map(object({
    create             = optional(bool)
    kubernetes_version = optional(string)

    # Sizes
    min_size     = optional(number, 1)
    max_size     = optional(number, 3)
    desired_size = optional(number, 1) # ignored later

    labels = optional(map(string), {})
    taints = optional(map(object({
      key    = string
      value  = optional(string)
      effect = string
    })))
    block_device_mappings = optional(map(object({
      device_name = optional(string, "/dev/xvda")
      ebs = optional(object({
        encrypted = optional(bool, true)
        tags      = optional(map(string), { "managed-by" = "(terraform}" })
      }))
    })), {})
  }))
  default = null
}

variable "cluster_admin_token" {
  description = "Token for the first sign-in"
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}
