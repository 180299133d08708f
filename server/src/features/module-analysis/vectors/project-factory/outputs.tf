output "project_id" {
  value = module.project.project_id
  depends_on = [
    module.project,
  ]
}

output "service_account_key" {
  value     = "x"
  sensitive = true
}
