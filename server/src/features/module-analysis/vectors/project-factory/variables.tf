variable "name" {
  description = "The name for the project"
  type        = string
}

variable "group_name" {
  description = "A group to control the project by being assigned group_role (defaults to project editor)"
  type        = string
  default     = ""
}

variable "domain" {
  type    = string
  default = ""
}

variable "budget_alert_spent_percents" {
  description = "A list of percentages of the budget to alert on when threshold is exceeded"
  type        = list(number)
  default     = [0.5, 0.7, 1.0]
}

variable "essential_contacts" {
  type        = map(list(string))
  default     = {}
  validation {
    condition     = alltrue([for k in keys(var.essential_contacts) : can(regex("^[^}]+@.+$", k))])
    error_message = "Each key must be an e-mail address."
  }
}

variable "org_policies" {
  type = tuple([string, set(number), object({ "a b" : bool })])
  default = ["x", [1], { "a b" = true }]
}
