/**
 * What `permissionsPolicy: "deny-all"` turns off: what reaches the device, the user's data or other sites. Only names that
 * current browsers know: they warn of others.
 */
export const DENIABLE_FEATURES: readonly string[] =
  `accelerometer autoplay browsing-topics camera captured-surface-control clipboard-read clipboard-write compute-pressure
  cross-origin-isolated display-capture encrypted-media fullscreen gamepad geolocation gyroscope hid
  identity-credentials-get idle-detection keyboard-map local-fonts local-network-access magnetometer microphone midi
  otp-credentials payment picture-in-picture publickey-credentials-create publickey-credentials-get screen-wake-lock serial
  storage-access sync-xhr usb window-management xr-spatial-tracking`.split(/\s+/);

/** Names that some browsers know, beside {@link DENIABLE_FEATURES}, and those of client hints. */
const OTHER_FEATURES: readonly string[] =
  `all-screens-capture ambient-light-sensor aria-notify attribution-reporting battery bluetooth ch-device-memory
  ch-downlink ch-dpr ch-ect ch-prefers-color-scheme ch-prefers-reduced-motion ch-prefers-reduced-transparency ch-rtt
  ch-save-data ch-ua ch-ua-arch ch-ua-bitness ch-ua-form-factors ch-ua-full-version ch-ua-full-version-list
  ch-ua-high-entropy-values ch-ua-mobile ch-ua-model ch-ua-platform ch-ua-platform-version ch-ua-wow64
  ch-viewport-height ch-viewport-width ch-width controlled-frame deferred-fetch deferred-fetch-minimal
  digital-credentials-create digital-credentials-get direct-sockets direct-sockets-private document-domain
  execution-while-not-rendered execution-while-out-of-viewport focus-without-user-activation interest-cohort
  join-ad-interest-group language-detector language-model local-network loopback-network
  media-playback-while-not-visible navigation-override on-device-speech-recognition private-aggregation
  private-state-token-issuance private-state-token-redemption proofreader rewriter run-ad-auction shared-storage
  shared-storage-select-url smart-card speaker-selection sub-apps summarizer translator unload usb-unrestricted
  vertical-scroll web-share writer`.split(/\s+/);

/**
 * The features that a policy can name.
 * @see https://github.com/w3c/webappsec-permissions-policy/blob/main/features.md
 */
export const FEATURES: readonly string[] = [...DENIABLE_FEATURES, ...OTHER_FEATURES].sort();
