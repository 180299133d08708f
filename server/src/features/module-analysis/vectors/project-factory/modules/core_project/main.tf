variable "group_name" { type = string }
variable "name" { type = string }
resource "google_project" "main" {
  name = var.name
}
output "project_id" { value = google_project.main.project_id }
