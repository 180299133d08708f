terraform {
  required_version = ">= 1.3"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 5.22, < 8"
    }
    google-beta = {
      source  = "hashicorp/google-beta"
      version = ">= 5.22, < 8"
    }
  }
  provider_meta "google" {
    module_name = "blueprints/terraform/terraform-google-project-factory/v18.0.0"
  }
}
