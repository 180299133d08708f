output "analysis_services_server" {
  value       = local.az.analysis_services_server
  description = "Analysis Services Server"
}
output "unique-seed" {
  value = coalesce(var.unique-seed, local.random_safe)
}
output "validation" {
  value       = { for k, v in local.az : k => length(regexall(v.regex, v.name)) > 0 }
  description = "Map of booleans"
}
