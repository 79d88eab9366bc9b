output "endpoint" {
  description = "Where the API server is."
  value       = aws_eks_cluster.this.endpoint
}

output "kms_key_arn" {
  description = "What encrypts secrets, parameters, images and logs."
  value       = aws_kms_key.this.arn
}

output "oidc" {
  description = "Who vouches for service accounts: the provider, and the issuer without its scheme."
  value       = { provider_arn = aws_iam_openid_connect_provider.this.arn, issuer = local.issuer }
}
