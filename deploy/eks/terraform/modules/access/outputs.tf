output "load_balancer_controller_role_arn" {
  description = "The controller's role."
  value       = aws_iam_role.controller.arn
}
