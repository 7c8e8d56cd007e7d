using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Planes;

/// <summary>
/// The gateway's calls to the control plane. None is on the way of a request that finds its key and balance in Redis.
/// </summary>
public sealed class PlaneClient : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShipTimeout = TimeSpan.FromSeconds(30);

    /// <summary>A snapshot call waits up to 20 s at the other side.</summary>
    private static readonly TimeSpan SnapshotTimeout = TimeSpan.FromSeconds(30);

    private const int AnswerBytesMax = 256 * 1024 * 1024;
    private readonly HttpClient _http;

    public PlaneClient(Uri address, string token)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        _http = new HttpClient(handler)
        {
            BaseAddress = address,
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = AnswerBytesMax,
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public Task<PlaneMessages.GatewayWelcome> RegisterAsync(
        PlaneMessages.GatewayHello hello, CancellationToken cancel) =>
        PostAsync(PlaneMessages.RegisterPath, hello, SnapshotJsonContext.Default.GatewayHello,
            SnapshotJsonContext.Default.GatewayWelcome, cancel);

    public Task<PlaneMessages.GatewayBeatReply> BeatAsync(PlaneMessages.GatewayBeat beat, CancellationToken cancel) =>
        PostAsync(PlaneMessages.BeatPath, beat, SnapshotJsonContext.Default.GatewayBeat,
            SnapshotJsonContext.Default.GatewayBeatReply, cancel);

    /// <summary>Puts an account and a key into Redis; the answer tells whether both exist.</summary>
    public Task<PlaneMessages.HydrateReply> HydrateAsync(long account, long key, CancellationToken cancel) =>
        PostAsync(PlaneMessages.HydratePath, new PlaneMessages.HydrateRequest(account, key),
            SnapshotJsonContext.Default.HydrateRequest, SnapshotJsonContext.Default.HydrateReply, cancel);

    /// <summary>Has what was used of a channel's windows counted in PostgreSQL and put into Redis.</summary>
    public async Task<bool> RecountAsync(PlaneMessages.RecountRequest request, CancellationToken cancel) =>
        (await PostAsync(PlaneMessages.RecountPath, request, SnapshotJsonContext.Default.RecountRequest,
            SnapshotJsonContext.Default.RecountReply, cancel)).Done;

    /// <summary>Has a credential kept that an issuer has replaced; false when another is stored by now.</summary>
    public async Task<bool> ReplaceCredentialAsync(
        PlaneMessages.CredentialReplaced replaced, CancellationToken cancel) =>
        (await PostAsync(PlaneMessages.CredentialPath, replaced, SnapshotJsonContext.Default.CredentialReplaced,
            SnapshotJsonContext.Default.CredentialReceipt, cancel)).Kept;

    /// <summary>The record of a key that Redis does not have, or null when there is no such key.</summary>
    public Task<KeyRecord?> FindKeyAsync(HubKeyHash hash, CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, $"{PlaneMessages.KeysPath}/{hash}", null, CallTimeout, async (response, token) =>
            response.StatusCode == HttpStatusCode.NotFound
                ? null
                : await ReadAsync(response, SnapshotJsonContext.Default.KeyRecord, token), cancel);

    /// <summary>
    /// The snapshot as sent, when it is newer than <paramref name="after"/>; null when none came within 20 s.
    /// </summary>
    public Task<byte[]?> GetSnapshotAsync(long after, CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, $"{PlaneMessages.SnapshotPath}?after={after}", null, SnapshotTimeout,
            async (response, token) => response.StatusCode == HttpStatusCode.NotModified
                ? null
                : await response.Content.ReadAsByteArrayAsync(token), cancel);

    public Task<PlaneMessages.UsageReceipt> ShipUsageAsync(ReadOnlyMemory<byte> batch, CancellationToken cancel)
    {
        var content = new ReadOnlyMemoryContent(batch);
        content.Headers.ContentType = new MediaTypeHeaderValue(UsageBatch.ContentType);
        content.Headers.Add("x-gateway-no", $"{Identity.GatewayNo}");
        content.Headers.Add("x-gateway-boot", $"{Identity.BootNo}");
        return SendAsync(HttpMethod.Post, PlaneMessages.UsagePath, content, ShipTimeout,
            (response, token) => ReadAsync(response, SnapshotJsonContext.Default.UsageReceipt, token), cancel);
    }

    /// <summary>Set once, after registration; usage can only be sent from then on.</summary>
    public GatewayIdentity Identity { get; set; }

    public void Dispose() => _http.Dispose();

    private Task<TReply> PostAsync<TRequest, TReply>(
        string path, TRequest request, JsonTypeInfo<TRequest> requestInfo, JsonTypeInfo<TReply> replyInfo,
        CancellationToken cancel)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request, requestInfo));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return SendAsync(HttpMethod.Post, path, content, CallTimeout,
            (response, token) => ReadAsync(response, replyInfo, token), cancel);
    }

    private async Task<T> SendAsync<T>(
        HttpMethod method, string path, HttpContent? content, TimeSpan timeout,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timeout);
        using var request = new HttpRequestMessage(method, path) { Content = content };
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (!response.IsSuccessStatusCode
                && response.StatusCode is not (HttpStatusCode.NotFound or HttpStatusCode.NotModified))
            {
                throw new PlaneUnavailableException(
                    $"The control plane answered {(int)response.StatusCode} to {method} {PathOnly(path)}.",
                    status: (int)response.StatusCode);
            }

            return await read(response, limit.Token);
        }
        catch (Exception error) when (error is HttpRequestException or JsonException or IOException or SocketException)
        {
            throw new PlaneUnavailableException(
                $"The control plane could not be asked {method} {PathOnly(path)}: {error.Message}", error);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new PlaneUnavailableException(
                $"The control plane did not answer {method} {PathOnly(path)} within {timeout.TotalSeconds:0} s.");
        }
    }

    // A look-up names a key's hash in its path; that stays out of logs.
    private static string PathOnly(string path) =>
        path.StartsWith(PlaneMessages.KeysPath, StringComparison.Ordinal) ? PlaneMessages.KeysPath : path.Split('?')[0];

    private static async Task<T> ReadAsync<T>(
        HttpResponseMessage response, JsonTypeInfo<T> info, CancellationToken cancel)
    {
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            throw new PlaneUnavailableException("The control plane does not know this call; are both of one version?");
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        return await JsonSerializer.DeserializeAsync(stream, info, cancel)
            ?? throw new JsonException("The answer was null.");
    }
}
