/******************************************
  Project
 *****************************************/
module "project" {
  source = "./modules/core_project"

  group_name = var.group_name
  name       = var.name
}

module "gsuite_group" {
  source  = "terraform-google-modules/group/google"
  version = "~> 0.7"
  id      = "${var.group_name}@${var.domain}"
}

resource "google_project_service" "default" {
  provider = google-beta
  service  = "compute.googleapis.com"
}

resource "terraform_data" "marker" {}
