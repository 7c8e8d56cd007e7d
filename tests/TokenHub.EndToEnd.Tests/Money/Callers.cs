using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace TokenHub.EndToEnd.Tests.Money;

/// <summary>
/// Clients that stream without pause over several gateways. A call goes to another gateway only while nothing of an
/// answer has come: after 503, or when nobody listens. Each has a model name of its own.
/// </summary>
internal sealed class Callers : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _http;
    private readonly string[] _gateways;
    private readonly List<Task> _clients;
    private int _number;

    public Callers(string key, int clients, params string[] gateways)
    {
        _gateways = gateways;
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(60) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        _clients = [.. Enumerable.Range(0, clients).Select(_ => Task.Run(RunAsync))];
    }

    /// <summary>Model names of calls whose stream came to its proper end, with the time of their first byte.</summary>
    public ConcurrentDictionary<string, DateTime> Served { get; } = new();

    /// <summary>What went wrong after an answer had begun.</summary>
    public ConcurrentQueue<string> Broken { get; } = new();

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var number = Interlocked.Increment(ref _number);
            var model = $"gpt-4o-{number}";
            for (var attempt = 0; attempt < 400; attempt++)
            {
                if (await TryAsync(_gateways[(number + attempt) % _gateways.Length], model))
                {
                    break;
                }

                await Task.Delay(25);
            }
        }
    }

    // False when the call may be made again elsewhere: nothing of an answer had come.
    private async Task<bool> TryAsync(string gateway, string model)
    {
        var body = $$"""{"model":"{{model}}","stream":true,"max_tokens":60,"messages":[{"role":"user","content":"go"}]}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{gateway}/v1/chat/completions")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }
        catch (HttpRequestException)
        {
            return false;
        }

        using (response)
        {
            return response.StatusCode != HttpStatusCode.ServiceUnavailable && await ReadAsync(response, model);
        }
    }

    private async Task<bool> ReadAsync(HttpResponseMessage response, string model)
    {
        var begun = DateTime.UtcNow;
        try
        {
            var text = await response.Content.ReadAsStringAsync();
            if (response.StatusCode == HttpStatusCode.OK && text.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal))
            {
                Served[model] = begun;
            }
            else
            {
                Broken.Enqueue($"{model}: {(int)response.StatusCode} {text[Math.Max(0, text.Length - 200)..]}");
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            Broken.Enqueue($"{model}: {error.Message}");
        }

        return true;
    }
}
