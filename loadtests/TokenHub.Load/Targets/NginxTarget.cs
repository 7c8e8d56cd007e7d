using System.Net;
using System.Net.Sockets;

namespace TokenHub.Load.Targets;

/// <summary>nginx as a plain reverse proxy: what the same bytes cost where no gateway work is done.</summary>
internal sealed class NginxTarget : ITarget, IAsyncDisposable
{
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(10);
    private readonly ChildProcess _process;
    private readonly DirectoryInfo _folder;

    private NginxTarget(ChildProcess process, DirectoryInfo folder, int port)
    {
        (_process, _folder) = (process, folder);
        Endpoint = new IPEndPoint(IPAddress.Loopback, port);
        ProcessIds = ProcessUsage.WithChildren(process.Id);
        IdleKiB = ProcessUsage.Of(ProcessIds).ResidentKiB;
    }

    public string Name => "nginx";

    public IPEndPoint Endpoint { get; }

    public IReadOnlyList<string> Keys { get; } = ["none-needed"];

    public IReadOnlyList<int> ProcessIds { get; }

    public long IdleKiB { get; }

    public IReadOnlyDictionary<string, IReadOnlyList<int>> Neighbours { get; } =
        new Dictionary<string, IReadOnlyList<int>>();

    /// <summary>Where the program is, or null when the machine has none on its PATH.</summary>
    public static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Append("/usr/sbin")
        .Select(folder => Path.Combine(folder, "nginx"))
        .FirstOrDefault(File.Exists);

    public static async Task<NginxTarget> StartAsync(string program, IPEndPoint upstream, CancellationToken cancel)
    {
        var folder = Directory.CreateTempSubdirectory("tokenhub-load-nginx-");
        var port = FreePort.Next();
        var file = Path.Combine(folder.FullName, "nginx.conf");
        await File.WriteAllTextAsync(file, Configuration(folder.FullName, port, upstream), cancel);
        var process = ChildProcess.Start(
            "nginx", program, ["-p", folder.FullName, "-c", file, "-e", "stderr"], new Dictionary<string, string>(),
            TimeSpan.FromSeconds(5));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(ReadyWithin);
        // The master listens before its workers run, and those are who works.
        while (!await IsListeningAsync(port, limit.Token)
            || ProcessUsage.WithChildren(process.Id).Count <= Environment.ProcessorCount)
        {
            await Task.Delay(50, limit.Token);
        }

        return new NginxTarget(process, folder, port);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    // Every limit that would stop a load test is out of the way; nothing is buffered, so that chunks pass at once.
    private static string Configuration(string folder, int port, IPEndPoint upstream) => $$"""
        {{(Environment.UserName == "root" ? "user root;" : "")}}
        worker_processes {{Environment.ProcessorCount}};
        worker_rlimit_nofile 20000;
        daemon off;
        pid {{folder}}/nginx.pid;
        error_log stderr error;
        events { worker_connections 12000; }
        http {
          access_log off;
          keepalive_requests 100000000;
          keepalive_timeout 600s;
          client_body_temp_path {{folder}}/body;
          proxy_temp_path {{folder}}/proxy;
          fastcgi_temp_path {{folder}}/fastcgi;
          uwsgi_temp_path {{folder}}/uwsgi;
          scgi_temp_path {{folder}}/scgi;
          upstream mock {
            server {{upstream}};
            keepalive 512;
            keepalive_requests 100000000;
          }
          server {
            listen 127.0.0.1:{{port}} backlog=4096;
            location / {
              proxy_pass http://mock;
              proxy_http_version 1.1;
              proxy_set_header Connection "";
              proxy_buffering off;
              proxy_read_timeout 600s;
            }
          }
        }
        """;

    private static async Task<bool> IsListeningAsync(int port, CancellationToken cancel)
    {
        try
        {
            using var probe = new TcpClient();
            await probe.ConnectAsync(IPAddress.Loopback, port, cancel);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
