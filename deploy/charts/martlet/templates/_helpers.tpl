{{/* Names and labels that every object has; COMPONENT is added by whoever includes them. */}}
{{- define "martlet.name" -}}
{{- if eq .Release.Name .Chart.Name }}{{ .Chart.Name }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "martlet.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "martlet.labels" -}}
{{ include "martlet.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "martlet.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* Nobody is root, nobody becomes it, nobody keeps a capability or talks to the API server. */}}
{{- define "martlet.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user }}
  runAsGroup: {{ .user }}
  fsGroup: {{ .user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "martlet.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{/* What is asked for is what there is: a pod that gets more memory in good times is killed in bad ones. */}}
{{- define "martlet.resources" -}}
resources:
  requests: { cpu: {{ .cpu }}, memory: {{ .memory }} }
  limits: { memory: {{ .memory }} }
{{- end }}

{{- define "martlet.placement" -}}
{{- with .selector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "martlet.storage" -}}
accessModes: [ReadWriteOnce]
{{- with .root.Values.storageClass }}
storageClassName: {{ . }}
{{- end }}
resources: { requests: { storage: {{ .size }} } }
{{- end }}

{{/* A Service's type and what goes with a balancer. */}}
{{- define "martlet.serviceType" -}}
type: {{ .type }}
{{- if eq .type "LoadBalancer" }}
externalTrafficPolicy: Local
loadBalancerSourceRanges:
  {{- toYaml .sourceRanges | nindent 2 }}
{{- end }}
{{- end }}

{{/* Watches the files of a rotated Secret for the container beside it. */}}
{{- define "martlet.onChange" -}}
- name: on-change
  image: {{ .image }}
  command: [/bin/sh, /etc/on-change/on-change, {{ .signal }}, {{ .program }}{{ range .files }}, {{ . }}{{ end }}]
  {{- include "martlet.containerSecurity" . | nindent 2 }}
  resources:
    requests: { cpu: 5m, memory: 16Mi }
    limits: { memory: 16Mi }
  volumeMounts:
    - { name: secrets, mountPath: /run/secrets, readOnly: true }
    - { name: on-change, mountPath: /etc/on-change, readOnly: true }
{{- end }}

{{/* The environment of gateway and migrations; what is secret stands in the file. */}}
{{- define "martlet.environment" -}}
- { name: MARTLET_SETTINGS, value: /run/secrets/martlet.yaml }
- { name: MARTLET_LOG_LEVEL, value: {{ .Values.gateway.logLevel }} }
- name: MARTLET_GATEWAY_ID
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
{{- end }}
