import type { ErrorCode } from '../src/kernel/errors.ts';
import type { Text } from '../src/kernel/language.ts';

/** What each code means, for docs/errors.md. Here and not in the catalogue, for the program itself never says it. */
export const errorMeanings: Readonly<Record<ErrorCode, Text>> = {
  CONFIG_INVALID: {
    en: 'The configuration has problems. The program says all of them at once and ends with exit code 78.',
    ja: '設定に問題があります。見つかった問題をすべて一度に表示し、終了コード78で終了します。',
  },
  USAGE: {
    en: 'The command line is not understood, or a file it names cannot be used. Exit code 64.',
    ja: 'コマンドラインを解釈できないか、指定されたファイルを使えません。終了コードは64です。',
  },
  PORT_MISSING: {
    en: 'The device file does not exist. The service waits until it appears. With `auto`: no known stick is plugged in; the hint lists what is.',
    ja: 'デバイスファイルがありません。サービスはデバイスが現れるまで待機します。`auto` の場合は、既知のスティックが挿さっていません。接続中の機器は対処の欄に表示されます。',
  },
  PORT_DENIED: {
    en: 'The device file exists, but this user may not open it. The message says who owns it and who we are.',
    ja: 'デバイスファイルはありますが、現在のユーザーには開く権限がありません。所有者と現在のユーザーはメッセージに表示されます。',
  },
  PORT_BUSY: {
    en: 'Another program has the port open, with or without a lock. Nothing is written until it has ended; then the bridge goes on by itself. How far this can be seen: [sticks.md](sticks.md#alone-on-the-port).',
    ja: '別のプログラムがポートを開いています（ロックの有無は問いません）。そのプログラムが終了するまでポートには何も書き込まず、終了後は自動で再開します。どこまで検出できるか：[sticks.md](sticks.md#alone-on-the-port)。',
  },
  PORT_LOST: {
    en: 'The port was open and went away: unplugged, or the serial server closed the connection.',
    ja: '開いていたポートが失われました。スティックが抜かれたか、シリアルサーバーが接続を閉じました。',
  },
  PORT_FAILED: {
    en: 'The port cannot be opened for another reason; the message holds the system’s own, or says that the driver did not open it within 15 s.',
    ja: 'その他の理由でポートを開けません。メッセージには、OSのエラー、またはドライバーが15秒以内に開かなかったことが表示されます。',
  },
  MODULE_SILENT: {
    en: 'Nothing on the port answers, or every gentler step of recovery has failed and the port is opened anew.',
    ja: 'ポートの接続先から応答がありません。または、より軽い復旧手順がすべて失敗したため、ポートを開き直します。',
  },
  MODULE_UNKNOWN: {
    en: 'Bytes come back, but they are neither SKSTACK-IP nor J11.',
    ja: '応答はありますが、SKSTACK-IPでもJ11でもありません。',
  },
  COMMAND_REFUSED: {
    en: 'The module answered FAIL, or J11 another result than 01, to a command that should work. The message holds the command and the code.',
    ja: '本来成功するはずのコマンドに対し、モジュールがFAIL（J11では01以外の結果）を返しました。コマンドとコードはメッセージに表示されます。',
  },
  PAN_NOT_FOUND: {
    en: 'Scans of rising length over all channels found no meter with this ID.',
    ja: '全チャネルを、時間を延ばしながら繰り返しスキャンしましたが、このIDのメーターが見つかりませんでした。',
  },
  JOIN_REFUSED: {
    en: 'The meter answered, and said no (EVENT 24).',
    ja: 'メーターは応答しましたが、接続を拒否しました（EVENT 24）。',
  },
  JOIN_TIMEOUT: {
    en: 'The module was told to join and neither success nor refusal came.',
    ja: 'モジュールに接続を指示しましたが、成功も拒否も通知されませんでした。',
  },
  SESSION_LOST: {
    en: 'The meter or the module ended the session, or `restart_session` or `rescan` was asked for.',
    ja: 'メーターまたはモジュールがセッションを終了したか、`restart_session` または `rescan` が実行されました。',
  },
  SEND_FAILED: {
    en: 'The radio did not get one request out. It is sent again.',
    ja: '要求を1つ、無線で送信できませんでした。再送します。',
  },
  REPLY_TIMEOUT: {
    en: 'One request got no answer in time. It is sent again; a late answer is still taken.',
    ja: '要求1つへの応答が時間内に届きませんでした。再送します。遅れて届いた応答も使います。',
  },
  METER_SILENT: {
    en: 'Several requests in a row were lost while the session seems to stand.',
    ja: 'セッションは続いているように見えますが、複数の要求が続けて失われました。',
  },
  NO_READING: {
    en: 'One-shot commands alone: the running bridge has no reading that is still current, or none came in time. Nothing is printed on standard output; exit code 69. The message says how old the newest one is and what the bridge is doing.',
    ja: '単発のコマンドだけで起こります。動作中のブリッジに最新の値がないか、時間内に届きませんでした。標準出力には何も出さず、終了コードは69です。最後の値がどれだけ古いかとブリッジの状態は、メッセージに表示されます。',
  },
  BRIDGE_SILENT: {
    en: 'One-shot commands alone: something answers where the running bridge is asked (the socket in `state_dir`, or `http.listen`), but not as it should: no permission, no answer within a second, or another token. The port is not opened, because the bridge may hold it. Exit code 69.',
    ja: '単発のコマンドだけで起こります。動作中のブリッジの問い合わせ先（`state_dir` 内のソケット、または `http.listen`）に何かが待ち受けていますが、正しく応答しません（権限がない、1秒以内に応答がない、トークンが違う）。ブリッジが使用中かもしれないため、ポートは開きません。終了コードは69です。',
  },
  BROKER_UNREACHABLE: {
    en: 'No connection to the broker. Readings go on and wait in memory.',
    ja: 'ブローカーに接続できません。計測は続き、値はメモリで送信を待ちます。',
  },
  BROKER_REFUSED: {
    en: 'The broker is there and refuses the login, or what we publish. Where it refuses the readings they wait and are tried again by themselves; the message names the topic, the hint what to allow.',
    ja: 'ブローカーは応答しますが、ログインまたは送信内容を拒否しています。計測値が拒否された場合は、保持して自動で再送します。対象のトピックはメッセージに、必要な許可は対処の欄に表示されます。',
  },
  BROKER_TLS: {
    en: 'The broker is there, but the TLS connection cannot be trusted or built.',
    ja: 'ブローカーは応答しますが、TLS接続を確立できないか、信頼できません。',
  },
  BRIDGE_RUNNING: {
    en: 'A command needs the bridge to be stopped, and it runs. `cleanup` says this: a running bridge would publish again at once what is removed. Exit code 69. As the reason why there is no broker connection: another bridge has it with the same meter id, and this one has not held its port; it takes over by itself when the other is gone ([mqtt.md](mqtt.md)).',
    ja: 'ブリッジの停止が必要なコマンドですが、ブリッジが動作中です。`cleanup` で起こります（動作中のブリッジは、削除したものをすぐに再送してしまうため）。終了コードは69です。ブローカーに接続しない理由として出た場合は、同じメーターidの別のブリッジが接続中で、こちらはまだポートを確保していません。相手がいなくなれば自動で引き継ぎます（[mqtt.md](mqtt.md)）。',
  },
  MACKEREL_UNREACHABLE: {
    en: 'No answer from Mackerel, an error of its own (5xx), or too many requests (429). Values wait in memory, at most a day of them.',
    ja: 'Mackerelから応答がないか、Mackerel側のエラー（5xx）、またはリクエスト過多（429）です。値は最大1日分、メモリで送信を待ちます。',
  },
  MACKEREL_REFUSED: {
    en: 'Mackerel answers 401, 403 or 404: values wait, and it is tried again every 5 minutes. With another 4xx these values will never be taken: they are given up and counted.',
    ja: 'Mackerelが401、403、404を返しました。値は保持し、5分ごとに再試行します。その他の4xxの場合、その値は今後も受け付けられないため破棄し、件数を記録します。',
  },
  HOME_ASSISTANT_UNREACHABLE: {
    en: 'No answer from Home Assistant where `home_assistant.url` says, or it is still starting. Nothing is imported; the service tries again, later each time, at most once an hour. Exit code 69.',
    ja: '`home_assistant.url` のHome Assistantから応答がないか、まだ起動中です。統計は書き込まれません。サービスは間隔を延ばしながら（最長1時間）再試行します。終了コードは69です。',
  },
  HOME_ASSISTANT_DENIED: {
    en: 'Home Assistant does not take the token, or its owner is no administrator: it lets nobody else import statistics. Said once; the service asks again after a day, so that Home Assistant does not ban its address. Exit code 69.',
    ja: 'Home Assistantがトークンを受け付けないか、トークンの所有者が管理者ではありません（統計の書き込みは管理者だけに許可されます）。表示は1回だけです。アドレスを禁止されないよう、サービスが次に試すのは1日後です。終了コードは69です。',
  },
  HOME_ASSISTANT_REFUSED: {
    en: 'Home Assistant answers a command with an error, or what was written does not appear. The message holds its own words. Exit code 69.',
    ja: 'Home Assistantがコマンドにエラーを返したか、書き込んだ内容が反映されません。Home Assistantの応答はメッセージに表示されます。終了コードは69です。',
  },
  HTTP_LISTEN_FAILED: {
    en: 'The status page cannot be served. It is tried again every 30 s; readings go on.',
    ja: '状態ページを提供できません。30秒ごとに再試行します。計測は続きます。',
  },
  STATE_UNWRITABLE: {
    en: 'A file in `state_dir` cannot be written. Said once; tried again at the next change.',
    ja: '`state_dir` 内のファイルに書き込めません。表示は1回だけで、次の変更時に再試行します。',
  },
};
