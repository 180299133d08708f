locals {
  defaults = {
    label_order = ["namespace", "environment", "stage", "name", "attributes"]
    delimiter   = "-"
    replacement = ""
  }
  id_hash = md5(local.id_full)
  id_full = join("-", compact([var.namespace, var.name]))
}
