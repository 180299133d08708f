variable "bucket" {
  description = "(Optional, Forces new resource) The name of the bucket. If omitted, a unique name is made."
  type        = string
  default     = null
}
variable "bucket_prefix" {
  type    = string
  default = null
}
variable "region" {
  type    = string
  default = null
}
variable "grant" {
  description = "An ACL policy grant. Conflicts with `acl`"
  type        = any
  default     = []
}
variable "lifecycle_rule" {
  description = "List of maps containing configuration of object lifecycle management."
  type        = any
  default = [
    { id = "logs", enabled = true, days = 30.5, note = null, nested = { "a b" = ["x", 1, false] } },
  ]
}
variable "tags" {
  type    = map(string)
  default = {}
}
variable "policy_template" {
  type    = string
  default = "arn:$${partition}:s3:::%%{bucket}"
}
