namespace TokenHub.Standalone.Start;

/// <summary>Asks a part whether it serves.</summary>
public static class Ready
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false })
    {
        Timeout = TimeSpan.FromSeconds(2),
    };

    public static Func<CancellationToken, Task<bool>> AtAsync(string baseUrl, string path = "/readyz") =>
        cancel => AsksAsync(new Uri(baseUrl + path), cancel);

    private static async Task<bool> AsksAsync(Uri address, CancellationToken cancel)
    {
        try
        {
            using var answer = await Http.GetAsync(address, cancel);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (TaskCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
    }
}
