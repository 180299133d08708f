module "project-factory" {
  source = "../../"
  name   = "pf-test"
}
