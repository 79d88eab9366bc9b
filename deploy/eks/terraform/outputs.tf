output "cluster" {
  description = "The cluster's name: aws eks update-kubeconfig --name …"
  value       = var.cluster
}

output "region" {
  description = "Its region."
  value       = var.region
}

output "endpoint" {
  description = "Where its API server is."
  value       = module.cluster.endpoint
}

output "registry" {
  description = "Where the image is pushed to and pulled from."
  value       = module.registry.url
}

output "environments" {
  description = "For each environment: its path in Parameter Store, and the role that External Secrets takes there."
  value = {
    for name, environment in module.environment : name => {
      parameter_path    = environment.parameter_path
      external_secrets  = environment.external_secrets_role_arn
      parameter_kms_key = module.cluster.kms_key_arn
    }
  }
}

output "load_balancer_controller_role_arn" {
  description = "The role of the AWS load balancer controller's service account."
  value       = module.access.load_balancer_controller_role_arn
}
