using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Forwarding.Upstreams;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Upstreams;

public sealed class UpstreamPoolTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Brief = TimeSpan.FromMilliseconds(500);
    private static readonly GatewayOptions Options =
        TestOptions.Create() with { ConnectTimeout = TimeSpan.FromSeconds(30) };

    [Fact]
    public async Task Connection_is_kept_and_used_again_when_the_answer_was_read_to_its_end()
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Default = _ => ScriptedUpstreamScript.Stream("hello"u8.ToArray(), 2);
        using var pool = new UpstreamPool(Options);

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("hello", await CallAsync(pool, upstream.Url, "{}"));
        }

        Assert.Equal(1, upstream.Connections);
        Assert.All(upstream.Requests, r => Assert.Equal("{}", r.BodyText));
    }

    [Fact]
    public async Task Answer_that_is_given_up_closes_its_connection_at_once()
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.StreamHead().Chunk("part").Hang());
        using var pool = new UpstreamPool(Options);
        using (var answer = await SendAsync(pool, upstream.Url, "{}"))
        {
            Assert.Equal(4, await answer.ReadAsync(new byte[100]));
        }

        await upstream.Requests[0].CallerLeft.WaitAsync(Soon);
    }

    [Fact]
    public async Task Stop_ends_a_wait_for_the_head_and_a_read()
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.Silence()).Enqueue(ScriptedUpstreamScript.StreamHead().Chunk("part").Hang());
        using var pool = new UpstreamPool(Options);
        using var stop = new CancellationTokenSource();
        var waiting = SendAsync(pool, upstream.Url, "{}", stop.Token);
        await Probe.UntilAsync(() => upstream.Requests.Count == 1, Soon, "the upstream is asked");
        await stop.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => waiting.WaitAsync(Soon));

        using var later = new CancellationTokenSource();
        using var answer = await SendAsync(pool, upstream.Url, "{}", later.Token);
        await answer.ReadAsync(new byte[100]);
        var read = answer.ReadAsync(new byte[100]).AsTask();
        await later.CancelAsync();

        await Assert.ThrowsAnyAsync<Exception>(() => read.WaitAsync(Soon));
        await upstream.Requests[1].CallerLeft.WaitAsync(Soon);
    }

    [Fact]
    public async Task Connection_that_the_upstream_closed_meanwhile_is_not_used()
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, "one").Close()).Enqueue(ScriptedUpstreamScript.Answer(200, "two"));
        using var pool = new UpstreamPool(Options);
        Assert.Equal("one", await CallAsync(pool, upstream.Url, "{}"));
        await upstream.Requests[0].ScriptEnded.WaitAsync(Soon);

        Assert.Equal("two", await CallAsync(pool, upstream.Url, "{}"));
        Assert.Equal(2, upstream.Connections);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nonetrailing garbage")]
    [InlineData("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")]
    public async Task Bytes_after_an_answer_never_become_the_next_ones(string wire)
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.Empty.Send(wire)).Enqueue(ScriptedUpstreamScript.Answer(200, "two"));
        using var pool = new UpstreamPool(Options);

        Assert.Equal("one", await CallAsync(pool, upstream.Url, "{}"));
        Assert.Equal("two", await CallAsync(pool, upstream.Url, "{}"));

        Assert.Equal(2, upstream.Connections);
    }

    [Theory]
    [InlineData(1 << 10)]
    [InlineData(32 << 10)]
    [InlineData(5 << 20)]
    public async Task Body_of_any_size_arrives_whole(int size)
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, "ok");
        using var pool = new UpstreamPool(Options);
        var body = Convert.ToHexString(RandomNumberGenerator.GetBytes(size / 2));

        Assert.Equal("ok", await CallAsync(pool, upstream.Url, body));

        Assert.Equal(body, upstream.Requests[0].BodyText);
    }

    [Fact]
    public async Task Interim_answers_are_passed_over_but_not_for_ever()
    {
        await using var upstream = ScriptedUpstream.Start();
        const string Interim = "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n";
        upstream.Enqueue(ScriptedUpstreamScript.Empty.Send(Interim + Interim + "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"))
            .Enqueue(ScriptedUpstreamScript.Empty.Send(string.Concat(Enumerable.Repeat(Interim, 50))));
        using var pool = new UpstreamPool(Options);

        Assert.Equal("ok", await CallAsync(pool, upstream.Url, "{}"));
        var error = await Assert.ThrowsAsync<UpstreamException>(() => SendAsync(pool, upstream.Url, "{}"));
        Assert.Equal(AttemptFault.BadResponse, error.Fault);
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}", false, AttemptFault.AddressRefused)]
    [InlineData("http://localhost:{0}", false, AttemptFault.AddressRefused)]
    [InlineData("http://[::ffff:127.0.0.1]:{0}", false, AttemptFault.AddressRefused)]
    [InlineData("http://2130706433:{0}", false, AttemptFault.AddressRefused)]
    [InlineData("http://169.254.169.254", true, AttemptFault.AddressRefused)]
    [InlineData("http://8.8.8.8", true, AttemptFault.AddressRefused)]
    [InlineData("http://no-such-host.invalid", true, AttemptFault.ConnectFailed)]
    [InlineData("http://127.0.0.1:1", true, AttemptFault.ConnectFailed)]
    [InlineData("https://127.0.0.1:{0}", true, AttemptFault.ConnectTimeout)]
    public async Task Address_that_may_not_or_cannot_be_reached_is_told_apart(string url, bool allowPrivate, AttemptFault fault)
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, "reached");
        using var pool = new UpstreamPool(Options with
        {
            AllowPrivateUpstreams = allowPrivate,
            ConnectTimeout = fault == AttemptFault.ConnectTimeout ? Brief : Options.ConnectTimeout,
        });

        var error = await Assert.ThrowsAsync<UpstreamException>(
            () => SendAsync(pool, string.Format(null, url, upstream.Port), "{}"));

        Assert.Equal(fault, error.Fault);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task Tls_upstream_is_reached_when_its_authority_is_trusted_and_not_otherwise()
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Default = _ => ScriptedUpstreamScript.Stream("secret"u8.ToArray(), 1);
        using var certificate = MakeCertificate();
        using var front = TlsFront.Start(certificate, upstream.Port);
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem());
        using var trusting = new UpstreamPool(Options with { UpstreamCaFile = file });
        using var wary = new UpstreamPool(Options);

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("secret", await CallAsync(trusting, $"https://localhost:{front.Port}", new string('x', 100_000)));
        }

        Assert.Equal(1, upstream.Connections);
        var wrongName = await Assert.ThrowsAsync<UpstreamException>(() => SendAsync(trusting, $"https://127.0.0.1:{front.Port}", "{}"));
        var untrusted = await Assert.ThrowsAsync<UpstreamException>(() => SendAsync(wary, $"https://localhost:{front.Port}", "{}"));
        Assert.Equal(AttemptFault.ConnectFailed, wrongName.Fault);
        Assert.Equal(AttemptFault.ConnectFailed, untrusted.Fault);
        File.Delete(file);
    }

    private static async Task<string> CallAsync(UpstreamPool pool, string url, string body)
    {
        using var answer = await SendAsync(pool, url, body);
        var text = new StringBuilder();
        var buffer = new byte[3];
        for (int count; (count = await answer.ReadAsync(buffer)) > 0;)
        {
            text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        return text.ToString();
    }

    private static async Task<UpstreamAnswer> SendAsync(
        UpstreamPool pool, string url, string body, CancellationToken stop = default)
    {
        var target = new UpstreamTarget(new Uri(url + "/v1/x"));
        using var head = new BufferLease();
        System.Buffers.BuffersExtensions.Write(head, target.Start);
        System.Buffers.BuffersExtensions.Write(head, Encoding.ASCII.GetBytes($"content-length: {body.Length}\r\n\r\n"));
        return await pool.SendAsync(target.Host, head, Encoding.ASCII.GetBytes(body), stop);
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    /// <summary>Takes TLS off in front of a plain server.</summary>
    private sealed class TlsFront : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public static TlsFront Start(X509Certificate2 certificate, int behind)
        {
            var front = new TlsFront();
            front._listener.Start();
            _ = front.ServeAsync(certificate, behind);
            return front;
        }

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync(X509Certificate2 certificate, int behind)
        {
            try
            {
                while (true)
                {
                    _ = JoinAsync(await _listener.AcceptTcpClientAsync(), certificate, behind);
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // Stopped.
            }
        }

        private static async Task JoinAsync(TcpClient client, X509Certificate2 certificate, int behind)
        {
            try
            {
                using var plain = new TcpClient();
                await using var secure = new SslStream(client.GetStream());
                await secure.AuthenticateAsServerAsync(certificate);
                await plain.ConnectAsync(IPAddress.Loopback, behind);
                await Task.WhenAny(secure.CopyToAsync(plain.GetStream()), plain.GetStream().CopyToAsync(secure));
            }
            catch (Exception error) when (error is IOException or System.Security.Authentication.AuthenticationException)
            {
                // The caller did not trust us, or left.
            }
            finally
            {
                client.Dispose();
            }
        }
    }
}
