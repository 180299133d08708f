output "id" {
  value       = local.id_full
  description = "Disambiguated ID string restricted to `id_length_limit` characters in total"
}

output "context" {
  value       = var.context
  description = <<-EOT
    Merged but otherwise unmodified input to this module.
    Note: this version will have null values as defaults.
    EOT
}
