using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests.Connections;

/// <summary>How a connection comes to be: versions of the protocol, users, databases, TLS.</summary>
public sealed class HandshakeTests(Backends backends)
{
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Server_without_the_third_version_of_the_protocol_is_spoken_to_in_the_second()
    {
        var seen = new List<string>();
        await using var stub = new RespStub(command =>
        {
            lock (seen)
            {
                seen.Add(string.Join(' ', command));
            }

            return command[0] switch
            {
                "AUTH" or "SELECT" => "+OK\r\n",
                "GET" => "$-1\r\n",
                "MGET" => "*2\r\n$1\r\na\r\n$-1\r\n",
                _ => $"-ERR unknown command `{command[0]}`\r\n",
            };
        });
        var url = stub.Url.Replace("redis://", "redis://bob:secret@", StringComparison.Ordinal) + "/4";
        await using var client = await RedisClient.ConnectAsync(
            RedisOptions.Parse(url) with { Connections = 1, CallTimeout = Backends.Patience }, None);

        Assert.Null(await client.GetAsync("k", None));
        Assert.Equal(["a"u8.ToArray(), null], await client.GetManyAsync(["a", "b"], None));
        Assert.Equal(["HELLO 3 AUTH bob secret", "AUTH bob secret", "SELECT 4"], seen.Take(3));
        Assert.Equal(RedisKind.Unknown, client.Server.Kind);
    }

    [Fact]
    public async Task Wrong_password_is_told_without_showing_it()
    {
        await using var server = await RedisServer.StartAsync(false, "--requirepass", "right");
        var url = server.Url.Replace("redis://", "redis://:hunter2@", StringComparison.Ordinal);

        var wrong = await Assert.ThrowsAsync<RedisUnavailableException>(
            () => RedisClient.ConnectAsync(RedisOptions.Parse(url), None));
        var none = await Assert.ThrowsAsync<RedisUnavailableException>(
            () => RedisClient.ConnectAsync(RedisOptions.Parse(server.Url), None));

        Assert.Equal((RedisFault.AccessDenied, RedisFault.AccessDenied), (wrong.Fault, none.Fault));
        Assert.DoesNotContain("hunter2", wrong.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Users_and_passwords_and_their_rights_are_kept()
    {
        await using var server = await RedisServer.StartAsync(
            false, "--requirepass", "right",
            "--user", "reader", "on", ">p@ss/w:rd", "~open:*", "+get", "+hello", "+select");
        var admin = RedisOptions.Parse(server.Url) with { Password = "right", CallTimeout = Backends.Patience };
        var reader = RedisOptions.Parse(
            server.Url.Replace("redis://", "redis://reader:p%40ss%2Fw%3Ard@", StringComparison.Ordinal)) with
        {
            CallTimeout = Backends.Patience,
        };
        await using var asAdmin = await RedisClient.ConnectAsync(admin, None);
        await asAdmin.SetAsync("open:1", "x"u8.ToArray(), null, None);

        // This one may neither ask for INFO nor load scripts: both are done without.
        await using var asReader = await RedisClient.ConnectAsync(reader, None);

        Assert.Equal("x"u8.ToArray(), await asReader.GetAsync("open:1", None));
        var closed = await Assert.ThrowsAsync<RedisUnavailableException>(
            async () => await asReader.GetAsync("closed", None));
        Assert.Equal(RedisFault.AccessDenied, closed.Fault);
    }

    [Fact]
    public async Task Database_is_chosen_on_every_connection()
    {
        await using var server = await RedisServer.StartAsync();
        await using var zero = await RedisClient.ConnectAsync(Backends.Patient(server.Url), None);
        await using var seven = await RedisClient.ConnectAsync(
            RedisOptions.Parse(server.Url + "/7") with { Connections = 3, CallTimeout = Backends.Patience }, None);

        await seven.SetAsync("k", "x"u8.ToArray(), null, None);

        Assert.Null(await zero.GetAsync("k", None));
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal("x"u8.ToArray(), await seven.GetAsync("k", None));
        }

        var error = await Assert.ThrowsAsync<RedisUnavailableException>(
            () => RedisClient.ConnectAsync(RedisOptions.Parse(server.Url + "/99"), None));
        Assert.Contains("out of range", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Server_tells_what_it_is()
    {
        var redis = backends.Client(Backend.Redis).Server;
        var garnet = backends.Client(Backend.Garnet).Server;

        Assert.Contains(redis.Kind, new[] { RedisKind.Redis, RedisKind.Valkey });
        Assert.Equal(RedisKind.Garnet, garnet.Kind);
        Assert.Equal(40, redis.RunId.Length);
        Assert.NotEmpty(garnet.RunId);
        Assert.False(garnet.TakesScriptFlags);
    }

    [Theory]
    [InlineData("redis_version:7.0.15\r\nrun_id:abc\r\n", RedisKind.Redis, "7.0.15", true)]
    [InlineData("redis_version:6.2.7\r\n", RedisKind.Redis, "6.2.7", false)]
    [InlineData("redis_version:7.2.4\r\nvalkey_version:8.0.1\r\n", RedisKind.Valkey, "8.0.1", true)]
    [InlineData("garnet_version:2.2.5\r\nredis_version:7.4.3\r\n", RedisKind.Garnet, "2.2.5", false)]
    [InlineData("", RedisKind.Unknown, "0.0", false)]
    [InlineData("redis_version:next\r\n", RedisKind.Redis, "0.0", false)]
    public void Kind_and_version_are_read_from_what_it_tells(string info, RedisKind kind, string version, bool flags)
    {
        var server = RedisServerInfo.Parse(info);

        Assert.Equal((kind, version, flags), (server.Kind, server.Version.ToString(), server.TakesScriptFlags));
    }

    [Fact]
    public async Task Server_that_is_not_there_is_told_in_time()
    {
        using var closed = new TcpListener(System.Net.IPAddress.Loopback, 0);
        closed.Start();
        var url = $"redis://127.0.0.1:{((System.Net.IPEndPoint)closed.LocalEndpoint).Port}";
        closed.Stop();

        var error = await Assert.ThrowsAsync<RedisUnavailableException>(
            () => RedisClient.ConnectAsync(RedisOptions.Parse(url), None));

        Assert.Equal(RedisFault.NotConnected, error.Fault);
        Assert.Contains("ConnectionRefused", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_that_does_not_greet_is_told_in_time()
    {
        await using var stub = new RespStub(_ => null);
        var options = RedisOptions.Parse(stub.Url) with { ConnectTimeout = TimeSpan.FromMilliseconds(200) };

        var error = await Assert.ThrowsAsync<RedisUnavailableException>(() => RedisClient.ConnectAsync(options, None));

        Assert.Contains("did not answer in time", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tls_is_spoken_with_a_server_that_the_given_authority_vouches_for_and_with_no_other()
    {
        using var folder = new CertificateFolder();
        await using var server = await RedisServer.StartAsync(
            false, "--tls-port", $"{folder.Port}", "--tls-cert-file", folder.Certificate, "--tls-key-file", folder.Key,
            "--tls-ca-cert-file", folder.Certificate, "--tls-auth-clients", "no");
        var url = $"rediss://127.0.0.1:{folder.Port}";

        await using var client = await RedisClient.ConnectAsync(
            Backends.Patient($"{url}?ca={folder.Certificate}"), None);
        await client.SetAsync("k", new byte[100_000], null, None);
        var stranger = await Assert.ThrowsAsync<RedisUnavailableException>(
            () => RedisClient.ConnectAsync(RedisOptions.Parse(url), None));

        Assert.Equal(100_000, (await client.GetAsync("k", None))!.Length);
        Assert.Contains("TLS failed", stranger.Message, StringComparison.Ordinal);
    }

    private sealed class CertificateFolder : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenhub-tls-");

        public CertificateFolder()
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(System.Net.IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            using var certificate = request.CreateSelfSigned(
                DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
            File.WriteAllText(Certificate, certificate.ExportCertificatePem());
            File.WriteAllText(Key, key.ExportPkcs8PrivateKeyPem());
        }

        public int Port { get; } = FreePort.Next();

        public string Certificate => Path.Combine(_folder.FullName, "server.pem");

        public string Key => Path.Combine(_folder.FullName, "server.key");

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
