using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace TokenHub.Chaos.Clients;

/// <summary>Makes one call as a client of the product, and writes down what came of it.</summary>
internal sealed partial class Caller(Uri gateway, int number, string prompt) : IDisposable
{
    /// <summary>No call of the workload has a reason to last longer, whatever fault is on.</summary>
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(45);

    private const int TailCharsMax = 400;
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(3), MaxConnectionsPerServer = 1000,
    })
    {
        BaseAddress = gateway, Timeout = Timeout.InfiniteTimeSpan,
    };

    public async Task<Receipt> CallAsync(Errand errand, string key, CancellationToken cancel)
    {
        var receipt = new Receipt
        {
            Model = errand.Model, Gateway = number, Payer = errand.Payer, IsStream = errand.IsStream,
        };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(EndsWithin);
        try
        {
            using var request = RequestOf(errand, key);
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            receipt.Status = (int)answer.StatusCode;
            receipt.RequestId = answer.Headers.TryGetValues("x-request-id", out var ids) ? ids.First() : "";
            receipt.HasRetryAfter = answer.Headers.Contains("Retry-After");
            await ReadAsync(answer, errand, receipt, limit.Token);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or SocketException or OperationCanceledException)
        {
            receipt.Fault = error.Message;
            receipt.HasHung = limit.IsCancellationRequested && !cancel.IsCancellationRequested;
        }

        receipt.EndedMs = Environment.TickCount64;
        return receipt;
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage RequestOf(Errand errand, string key)
    {
        var options = errand.IsStream && errand.AsksUsage ? ",\"stream_options\":{\"include_usage\":true}" : "";
        var stream = errand.IsStream ? "true" : "false";
        var body = $$"""{"model":"{{errand.Model}}","stream":{{stream}}{{options}},"max_tokens":{{Workload.TokensMax}},"messages":[{"role":"user","content":"{{prompt}}"}]}""";
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return request;
    }

    private static async Task ReadAsync(
        HttpResponseMessage answer, Errand errand, Receipt receipt, CancellationToken cancel)
    {
        var text = new StringBuilder();
        await using var stream = await answer.Content.ReadAsStreamAsync(cancel);
        var buffer = new byte[8 << 10];
        try
        {
            while (await stream.ReadAsync(buffer, cancel) is > 0 and var count)
            {
                text.Append(Encoding.UTF8.GetString(buffer, 0, count));
                if (errand.CutAfterTokens > 0 && Words().Count(text.ToString()) >= errand.CutAfterTokens)
                {
                    receipt.HasLeft = true;
                    return;
                }
            }
        }
        finally
        {
            Note(text.ToString(), receipt);
        }
    }

    private static void Note(string text, Receipt receipt)
    {
        receipt.Tokens = Words().Count(text);
        receipt.Tail = text.Length > TailCharsMax ? text[^TailCharsMax..] : text;
        receipt.IsWhole = !receipt.HasLeft && receipt.Status == 200
            && (receipt.IsStream ? text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal) : text.EndsWith('}'));
        if (Told().Match(text) is { Success: true } told)
        {
            receipt.ToldInput = long.Parse(told.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
            receipt.ToldOutput = long.Parse(told.Groups[2].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    [GeneratedRegex(" word")]
    private static partial Regex Words();

    [GeneratedRegex("\"prompt_tokens\":([0-9]+),\"completion_tokens\":([0-9]+)")]
    private static partial Regex Told();
}
