{{/* What the coordinator's pods and the migration's pod have in common. */}}
{{- define "amends.podSettings" -}}
automountServiceAccountToken: false
# Kubernetes would set AMENDS_PORT and the like for a Service named amends, and the coordinator refuses unknown settings.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
volumes:
  - name: tmp
    emptyDir:
      sizeLimit: 64Mi
{{- end -}}

{{- define "amends.containerSettings" -}}
image: {{ include "amends.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: tmp
    mountPath: /tmp
{{- with .Values.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "amends.env" -}}
- name: AMENDS_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ required "Set database.existingSecret to the name of a Secret that holds the database's address." .Values.database.existingSecret | quote }}
      key: {{ .Values.database.key | quote }}
- name: AMENDS_KAFKA_BOOTSTRAP
  value: {{ required "Set kafka.bootstrap to the brokers, as host:port,host:port." .Values.kafka.bootstrap | quote }}
- name: AMENDS_TOPIC_PREFIX
  value: {{ .Values.kafka.topicPrefix | quote }}
- name: AMENDS_LIFECYCLE
  value: {{ .Values.lifecycle | quote }}
{{- if not (hasKey .Values.settings "AMENDS_LOG_FORMAT") }}
- name: AMENDS_LOG_FORMAT
  value: json
{{- end }}
{{- range $settings := list .Values.settings .Values.telemetry }}
{{- range $name, $value := $settings }}
- name: {{ $name }}
  {{- /* A whole number arrives as a float: without this, 104857600 would be written 1.048576e+08. */}}
  {{- if kindIs "float64" $value }}
  value: {{ ternary (int64 $value | toString) (toString $value) (eq (floor $value) $value) | quote }}
  {{- else }}
  value: {{ toString $value | quote }}
  {{- end }}
{{- end }}
{{- end }}
{{- end -}}
