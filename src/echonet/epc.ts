/** Property codes of the low-voltage smart meter, class 0288. ECHONET Appendix 3.3.25; 80–9F: 2.1, super class. */
export const EPC = {
  operationStatus: 0x80,
  installationPlace: 0x81,
  standardVersion: 0x82,
  uniqueId: 0x83,
  faultStatus: 0x88,
  makerCode: 0x8a,
  serialNumber: 0x8d,
  currentTime: 0x97,
  currentDate: 0x98,
  announceMap: 0x9d,
  setMap: 0x9e,
  getMap: 0x9f,
  routeBId: 0xc0,
  oneMinuteEnergy: 0xd0,
  coefficient: 0xd3,
  digits: 0xd7,
  importEnergy: 0xe0,
  energyUnit: 0xe1,
  importHistory: 0xe2,
  exportEnergy: 0xe3,
  exportHistory: 0xe4,
  historyDay: 0xe5,
  power: 0xe7,
  currents: 0xe8,
  importAtMark: 0xea,
  exportAtMark: 0xeb,
  history2: 0xec,
  history2Request: 0xed,
  history3: 0xee,
  history3Request: 0xef,
} as const;

/** Property codes of the node profile, class 0EF0, that mean something else there. ECHONET Lite Specification part II, 6.11. */
export const NODE_EPC = {
  instanceListNotification: 0xd5,
  instanceList: 0xd6,
} as const;
