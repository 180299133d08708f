output "cluster_certificate_authority_data" {
  description = "Base64 encoded certificate data required to communicate with the cluster"
  value       = try(aws_eks_cluster.this[0].certificate_authority[0].data, null)

  depends_on = [
    time_sleep.this,
  ]
}

output "cluster_token" {
  value     = var.cluster_admin_token
  sensitive = true
  ephemeral = true
}
