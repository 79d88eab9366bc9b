output "parameter_path" {
  description = "Where its secrets are in Parameter Store."
  value       = local.parameter_path
}

output "external_secrets_role_arn" {
  description = "The role of its service account external-secrets."
  value       = aws_iam_role.external_secrets.arn
}
