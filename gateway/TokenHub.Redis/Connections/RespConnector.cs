using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;

namespace TokenHub.Redis.Connections;

/// <summary>Opens a connection and brings it to the point where calls may go out: TLS, HELLO, AUTH, SELECT.</summary>
internal sealed class RespConnector(RedisOptions options, RespCallPool calls)
{
    /// <summary>Where to connect to, asked each time; the host of the options unless something moves it.</summary>
    public Func<RedisEndpoint> Where { get; init; } = () => new RedisEndpoint(options.Host, options.Port);

    /// <summary>Sees errors before the callers do.</summary>
    public IErrorRouter? Errors { get; init; }

    /// <summary>Refuses a server that is no master: where it was found by hearsay.</summary>
    public bool WantsMaster { get; init; }

    /// <exception cref="RedisUnavailableException">It was not possible within the time.</exception>
    public async Task<RespConnection> ConnectAsync(
        PushHandler? onPush, bool runsScripts, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(options.ConnectTimeout);
        var endpoint = Where();
        RespConnection? connection = null;
        try
        {
            var stream = await OpenStreamAsync(endpoint, timeout.Token).ConfigureAwait(false);
            var limits = new RespLimits(
                endpoint.ToString(), options.InFlightMax, (int)options.StallTimeout.TotalMilliseconds);
            connection = new RespConnection(stream, limits, onPush, Errors);
            connection.Start();
            await using var registration = timeout.Token.UnsafeRegister(
                static state => ((RespConnection)state!).Close(new TimeoutException("The handshake took too long.")),
                connection);
            await GreetAsync(connection).ConfigureAwait(false);
            if (WantsMaster)
            {
                await CheckRoleAsync(connection).ConfigureAwait(false);
            }

            if (runsScripts)
            {
                await PrepareScriptsAsync(connection).ConfigureAwait(false);
            }

            return connection;
        }
        catch (Exception error) when (error is not RedisUnavailableException { Fault: RedisFault.AccessDenied })
        {
            await DisposeAsync(connection).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            throw new RedisUnavailableException(
                RedisFault.NotConnected, $"Redis at {endpoint} cannot be reached: {Reason(error)}", error);
        }
        catch
        {
            await DisposeAsync(connection).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<Stream> OpenStreamAsync(RedisEndpoint endpoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint.Host, endpoint.Port, cancellationToken).ConfigureAwait(false);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            var stream = new NetworkStream(socket, ownsSocket: true);
            return options.UsesTls
                ? await SecureAsync(stream, endpoint.Host, cancellationToken).ConfigureAwait(false)
                : stream;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<Stream> SecureAsync(NetworkStream inner, string host, CancellationToken cancellationToken)
    {
        var authentication = new SslClientAuthenticationOptions { TargetHost = host };
        if (options.CaFile.Length > 0)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.ImportFromPemFile(options.CaFile);
            authentication.CertificateChainPolicy = policy;
        }

        var secure = new SslStream(inner, leaveInnerStreamOpen: false);
        await secure.AuthenticateAsClientAsync(authentication, cancellationToken).ConfigureAwait(false);
        return secure;
    }

    private async Task GreetAsync(RespConnection connection)
    {
        var hello = Begin("HELLO"u8).Add("3"u8);
        if (options.Password.Length > 0)
        {
            hello.Add("AUTH"u8).Add(options.User.Length > 0 ? options.User : "default").Add(options.Password);
        }

        try
        {
            (await AskAsync(connection, hello).ConfigureAwait(false)).Dispose();
        }
        catch (RedisUnavailableException error) when (error.Fault == RedisFault.ServerError)
        {
            // A server from before version 6, or a proxy: the second version of the protocol, and AUTH by itself.
            await AuthenticateAsync(connection).ConfigureAwait(false);
        }

        if (options.Database != 0)
        {
            var select = Begin("SELECT"u8).Add(options.Database);
            (await AskAsync(connection, select).ConfigureAwait(false)).Dispose();
        }
    }

    private async Task AuthenticateAsync(RespConnection connection)
    {
        if (options.Password.Length == 0)
        {
            return;
        }

        var auth = Begin("AUTH"u8);
        if (options.User.Length > 0)
        {
            auth.Add(options.User);
        }

        (await AskAsync(connection, auth.Add(options.Password)).ConfigureAwait(false)).Dispose();
    }

    // ROLE answers with the role first; after a failover the old master may still be where it was, as a replica.
    private async Task CheckRoleAsync(RespConnection connection)
    {
        using var role = await AskAsync(connection, Begin("ROLE"u8)).ConfigureAwait(false);
        if (!IsMaster(role.Read()))
        {
            throw new RedisUnavailableException(
                RedisFault.ReadOnly, $"Redis at {connection.Endpoint} is not the master.");
        }
    }

    private static bool IsMaster(RespReader reader) =>
        reader.ReadAggregate() > 0 && reader.ReadBytes().SequenceEqual("master"u8);

    // Asks what the server is and gives it all scripts. Neither is needed for the connection to work.
    private async Task PrepareScriptsAsync(RespConnection connection)
    {
        try
        {
            using (var info = await AskAsync(connection, Begin("INFO"u8).Add("server"u8)).ConfigureAwait(false))
            {
                connection.Server = RedisServerInfo.Parse(Encoding.UTF8.GetString(info.Read().ReadBytes()));
            }

            var form = connection.Server.TakesScriptFlags ? ScriptForm.Flagged : ScriptForm.Plain;
            foreach (var script in LuaScripts.All)
            {
                var load = Begin("SCRIPT"u8).Add("LOAD"u8).Add(script.Body(form));
                (await AskAsync(connection, load).ConfigureAwait(false)).Dispose();
            }
        }
        catch (RedisUnavailableException) when (connection.IsOpen)
        {
            // Not allowed to, or not now: a script that is not there is sent with its first call.
        }
    }

    private RespCall Begin(ReadOnlySpan<byte> command) => calls.Rent(null).Add(command);

    /// <summary>Asks without a time-out: whoever asks so closes the connection in time.</summary>
    internal static ValueTask<RespReply> AskAsync(RespConnection connection, RespCall call)
    {
        var reply = call.Arm(long.MaxValue, CancellationToken.None);
        connection.Send(call);
        return reply;
    }

    private static async ValueTask DisposeAsync(RespConnection? connection)
    {
        if (connection is not null)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    // The words of a failure that help whoever set up the server; none of them carries the password.
    private static string Reason(Exception error) => error switch
    {
        RedisUnavailableException { InnerException: TimeoutException } => "it did not answer in time.",
        RedisUnavailableException { InnerException: EndOfStreamException } => "it closed the connection.",
        RedisUnavailableException => error.Message,
        OperationCanceledException => "it did not answer in time.",
        SocketException socket => $"{socket.SocketErrorCode}.",
        AuthenticationException => $"TLS failed: {error.Message}",
        IOException or CryptographicException => error.Message,
        _ => error.GetType().Name,
    };
}
