data "aws_region" "current" {
  region = var.region
}

locals {
  # Variables with type `any` should be jsonencode()'d when value is coming from elsewhere
  grants = try(jsondecode(var.grant), var.grant)
}

resource "aws_s3_bucket" "this" {
  bucket        = var.bucket
  bucket_prefix = var.bucket_prefix
  tags          = var.tags
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = <<POLICY
{
  "Statement": [{ "Resource": "${aws_s3_bucket.this.arn}/*" }]
}
POLICY
}

resource "null_resource" "wait" {
  provisioner "local-exec" {
    command = "echo $${HOME} %%{x}"
  }
}
